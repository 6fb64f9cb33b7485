/**
 * Runs before the first paint and gives the page the theme and the sizes that this browser remembers, so that nothing jumps.
 * Storage may be blocked: then the style sheet's own values hold.
 */
export const restoreChoices = `try {
  var root = document.documentElement;
  var kept = function (name) { return localStorage.getItem('coreos-reflector.' + name); };
  var theme = kept('theme');
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  var units = { 'dock-width': 'vw', 'preview-height': '%', 'sheet-height': 'dvh' };
  for (var name in units) {
    var size = Number(kept(name));
    if (size > 0 && size < 100) root.style.setProperty('--' + name, size + units[name]);
  }
} catch (error) {}`;
