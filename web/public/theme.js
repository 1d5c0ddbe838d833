// Before the first paint: the reader's choice between light and dark, if there is one.
(function () {
  try {
    var theme = localStorage.getItem('abc2.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Without storage the system's setting decides.
  }
})();
