// Images that are to be uploaded: what is wrong with a file is said before it is sent; the server has the last word.

export const IMAGE_BYTES_MOST = 256 * 1024;
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const SIDE_MOST = 4096;

export interface Picked {
  name: string;
  url: string; // to show it
  base64: string;
  bytes: number;
  width: number;
  height: number;
}

export function sizeText(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${Math.ceil(bytes / 1024)} KiB`;
}

// Why the file cannot be an ad's image, as far as its name, type and size tell.
export function whyNot(file: { name: string; type: string; size: number }): string | null {
  if (!IMAGE_TYPES.includes(file.type)) return `“${file.name}” is ${file.type ? `of the type ${file.type}` : 'no image'}. It must be a PNG, JPEG, GIF or WebP.`;
  if (file.size === 0) return `“${file.name}” is empty.`;
  if (file.size > IMAGE_BYTES_MOST) return `“${file.name}” has ${sizeText(file.size)}; at most ${sizeText(IMAGE_BYTES_MOST)} are allowed. Make it smaller, or save it with more compression.`;
  return null;
}

function dataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'));
    reader.readAsDataURL(file);
  });
}

export async function pick(file: File): Promise<Picked | string> {
  const wrong = whyNot(file);
  if (wrong) return wrong;
  let url: string;
  try {
    url = await dataUrl(file);
  } catch {
    return `“${file.name}” cannot be read.`;
  }
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    return `“${file.name}” is named like an image, but its contents are none that can be shown: it may be damaged, or of another kind.`;
  }
  if (image.naturalWidth > SIDE_MOST || image.naturalHeight > SIDE_MOST) return `“${file.name}” has ${image.naturalWidth} × ${image.naturalHeight} pixels; each side may have at most ${SIDE_MOST}.`;
  return { name: file.name, url, base64: url.slice(url.indexOf(',') + 1), bytes: file.size, width: image.naturalWidth, height: image.naturalHeight };
}
