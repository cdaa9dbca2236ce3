// Replaces the Markdown renderer of the form library: a server's descriptions are shown as text.
export const Markdown = ({ children }: { children?: unknown }): unknown => children;
