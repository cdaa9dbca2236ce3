// Types of the used parts of Swagger UI, which comes without types.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface Ui {
    preauthorizeApiKey(scheme: string, key: string): void;
  }
  // A component of Swagger UI's own React.
  type Shown = (props: { source?: string; className?: string }) => unknown;
  export type Plugin = (system: { React: { createElement(type: string, props: object, text: string): unknown } }) => {
    wrapComponents: Record<string, (original: unknown) => Shown>;
  };
  export default function SwaggerUI(options: {
    domNode: HTMLElement;
    spec: object;
    plugins: Plugin[];
    deepLinking: boolean;
    docExpansion: 'list' | 'full' | 'none';
    defaultModelsExpandDepth: number;
    validatorUrl: null;
    persistAuthorization: boolean;
    onComplete: () => void;
  }): Ui;
}
