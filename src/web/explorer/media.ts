// The bytes of a server that may be shown: pictures and sounds of known kinds, as data: addresses.
const pictures = /^image\/(png|jpe?g|gif|webp|avif|bmp|svg\+xml)$/;
const sounds = /^audio\/(mpeg|mp3|mp4|aac|wav|wave|x-wav|ogg|opus|flac|webm)$/;

const essence = (type: string | undefined): string => (type ?? '').split(';')[0]!.trim().toLowerCase();

export const isPicture = (type: string | undefined): boolean => pictures.test(essence(type));
export const isSound = (type: string | undefined): boolean => sounds.test(essence(type));
export const dataUrl = (type: string | undefined, base64: string): string => `data:${essence(type)};base64,${base64}`;
export const download = (base64: string): string => `data:application/octet-stream;base64,${base64}`;
export const byteLength = (base64: string): number => Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);

// Links only to web pages and mail addresses; others, such as javascript:, stay text.
export function isSafeLink(address: string): boolean {
  try {
    return ['http:', 'https:', 'mailto:'].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}
