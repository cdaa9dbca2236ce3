// Stands where the form library imports its Markdown renderer: a server's descriptions are shown as text.
export const Markdown = ({ children }: { children?: unknown }): unknown => children;
