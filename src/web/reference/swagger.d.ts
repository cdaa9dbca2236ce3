// Swagger UI comes without types; what is used of it.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface Ui {
    preauthorizeApiKey(scheme: string, key: string): void;
  }
  export default function SwaggerUI(options: {
    domNode: HTMLElement;
    spec: object;
    deepLinking: boolean;
    docExpansion: 'list' | 'full' | 'none';
    defaultModelsExpandDepth: number;
    validatorUrl: null;
    persistAuthorization: boolean;
    onComplete: () => void;
  }): Ui;
}
