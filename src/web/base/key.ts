// The key that was typed in, in memory only: never in a URL, a cookie or storage.
let key = '';

export const setKey = (value: string): void => {
  key = value;
};

export const authorization = (): Record<string, string> => (key ? { Authorization: `Bearer ${key}` } : {});
export const currentKey = (): string => key;
