// Draws the diagrams of a page. They are text in the pages; Mermaid lies beside this file and is loaded where there is one.
const blocks = [...document.querySelectorAll('pre > code.mermaid')];

if (blocks.length > 0) {
  const diagrams = blocks.map((code) => {
    const picture = document.createElement('div');
    picture.className = 'diagram';
    code.parentElement.replaceWith(picture);
    return { picture, text: code.textContent };
  });
  const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

  // A picture shrinks with its column until its smallest text, of 14 px, has 12. Then it scrolls.
  const draw = async () => {
    const chosen = document.documentElement.dataset.theme;
    const isDark = chosen === 'dark' || (chosen !== 'light' && systemIsDark.matches);
    mermaid.initialize({ startOnLoad: false, theme: isDark ? 'dark' : 'neutral' });
    for (const { picture, text } of diagrams) {
      picture.removeAttribute('data-processed');
      picture.textContent = text;
    }
    await mermaid.run({ nodes: diagrams.map(({ picture }) => picture) });
    for (const { picture } of diagrams) {
      const { style } = picture.querySelector('svg');
      style.minWidth = `${(parseFloat(style.maxWidth) * 12) / 14}px`;
    }
  };

  const library = document.createElement('script');
  library.src = new URL('mermaid.min.js', document.currentScript.src).href;
  library.onload = async () => {
    await draw();
    systemIsDark.addEventListener('change', draw);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  };
  document.head.append(library);
}
