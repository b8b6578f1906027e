// Purpose: hands a file to the browser to keep. Nothing leaves the machine for it.
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1_000);
}

/** A canvas on the colour of the surface it is seen on. */
export function picture_of_canvas(canvas: HTMLCanvasElement, background: string): Promise<Blob | null> {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const brush = copy.getContext('2d');
  if (brush) {
    brush.fillStyle = background;
    brush.fillRect(0, 0, copy.width, copy.height);
    brush.drawImage(canvas, 0, 0);
  }
  return new Promise((resolve) => copy.toBlob(resolve, 'image/png'));
}

const kept = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'fill-opacity', 'font-family', 'font-size', 'font-weight', 'text-anchor'];

/** An SVG element as a file that looks the same without the page's style sheets. */
export function picture_of_svg(element: SVGSVGElement, background: string): Blob {
  const copy = element.cloneNode(true) as SVGSVGElement;
  const before = [element, ...element.querySelectorAll('*')];
  const after = [copy, ...copy.querySelectorAll('*')];
  before.forEach((original, index) => {
    const style = getComputedStyle(original);
    for (const name of kept) after[index]?.setAttribute(name, style.getPropertyValue(name));
  });
  const box = element.getBoundingClientRect();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(box.width));
  copy.setAttribute('height', String(box.height));
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of [['width', '100%'], ['height', '100%'], ['fill', background]] as const) ground.setAttribute(name, value);
  copy.prepend(ground);
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' });
}
