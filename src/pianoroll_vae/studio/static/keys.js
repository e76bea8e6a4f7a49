// The keyboard: every command without a mouse.

export function bindKeys(commands) {
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=range]):not([type=file]), textarea, select");
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      else commands.escape();
      return;
    }
    if (typing || event.altKey) return;
    const control = event.ctrlKey || event.metaKey;
    const command = control ? controlled(event, commands) : plain(event, commands);
    if (!command) return;
    event.preventDefault();
    command();
  });
}

function controlled(event, commands) {
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? commands.redo : commands.undo;
  return { y: commands.redo, a: commands.markAll }[key];
}

function plain(event, commands) {
  const onButton = event.target.matches("button, a, summary");
  if (event.key === " ") return onButton && event.target.id !== "play" ? null : commands.playOrPause;
  if (event.target.matches("input[type=range]") && event.key.startsWith("Arrow")) return null;
  const shift = event.shiftKey;
  if (/^[1-4]$/.test(event.key)) return () => commands.hearTake(Number(event.key) - 1);
  return {
    ArrowLeft: () => commands.moveBar(-1, shift),
    ArrowRight: () => commands.moveBar(1, shift),
    ArrowUp: () => commands.moveLane(-1, shift),
    ArrowDown: () => commands.moveLane(1, shift),
    Home: commands.toStart,
    Delete: commands.deleteMarked,
    Backspace: commands.deleteMarked,
    "+": commands.zoomIn,
    "=": commands.zoomIn,
    "-": commands.zoomOut,
    "?": commands.help,
    n: commands.newSong,
    w: commands.rewrite,
    v: commands.vary,
    a: commands.accompany,
    c: commands.continue,
    e: commands.toggleDrawing,
    l: commands.toggleLoop,
    f: commands.toggleFollow,
    h: commands.history,
    d: commands.downloads,
    o: commands.openFile,
    k: commands.chart,
    b: commands.attributes,
    m: commands.morph,
    x: commands.markMore,
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
}
