// Draws the diagrams of a page. They are text in the pages; Mermaid lies beside this file and is loaded where there is one.
const diagrams = document.querySelectorAll('pre > code.mermaid');

async function draw() {
  mermaid.initialize({
    startOnLoad: false,
    theme: document.documentElement.dataset.theme === 'dark' ? 'dark' : 'neutral',
  });
  const pictures = [...diagrams].map((code) => {
    const picture = document.createElement('div');
    picture.textContent = code.textContent;
    code.parentElement.replaceWith(picture);
    return picture;
  });
  await mermaid.run({ nodes: pictures });
}

if (diagrams.length > 0) {
  const library = document.createElement('script');
  library.src = new URL('mermaid.min.js', document.currentScript.src).href;
  library.onload = draw;
  document.head.append(library);
}
