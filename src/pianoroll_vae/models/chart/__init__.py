"""The recipe chart: bars that rest, come back or are written note by note, by a band whose members hear each other."""
