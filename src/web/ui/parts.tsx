// Small parts that several views use.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { Icon } from './icons';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export const Pill = ({ tone = 'plain', children, title }: { tone?: Tone; children: ComponentChildren; title?: string }): JSX.Element => (
  <span class={`pill ${tone}`} title={title}>
    {children}
  </span>
);

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element => (
  <div class="empty">
    <strong>{title}</strong>
    {children && <p>{children}</p>}
  </div>
);

export const Problem = ({ children }: { children: ComponentChildren }): JSX.Element => (
  <p class="problem" role="alert">
    <Icon name="alert" />
    <span>{children}</span>
  </p>
);

export const Panel = ({ title, aside, children, wide }: { title: string; aside?: ComponentChildren; children: ComponentChildren; wide?: boolean }): JSX.Element => (
  <section class={wide ? 'panel wide' : 'panel'}>
    <header>
      <h2>{title}</h2>
      {aside}
    </header>
    {children}
  </section>
);

export function Copy({ text, label = 'Copy' }: { text: string; label?: string }): JSX.Element {
  const [done, setDone] = useState<'' | 'Copied' | 'Not allowed'>('');
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(''), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = (): void => {
    // Without a secure context (http on another host) there is no clipboard.
    const written = navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject(new Error('no clipboard'));
    written.then(() => setDone('Copied'), () => setDone('Not allowed'));
  };
  return (
    <button type="button" class="quiet" onClick={copy}>
      <Icon name={done === 'Copied' ? 'check' : 'copy'} />
      <span role="status">{done || label}</span>
    </button>
  );
}

// Scrolls when it is long, so it can be reached with the keyboard.
export const Pre = ({ text, label }: { text: string; label: string }): JSX.Element => (
  <pre tabIndex={0} role="group" aria-label={label}>
    {text}
  </pre>
);

export const Code = ({ text, label }: { text: string; label: string }): JSX.Element => (
  <div class="code">
    <Copy text={text} />
    <Pre text={text} label={label} />
  </div>
);

// Asks for confirmation before it acts; losing the focus withdraws the question.
export function Confirm({ label, question, what, onConfirm }: { label: string; question: string; what?: string; onConfirm: () => Promise<void> }): JSX.Element {
  const [step, setStep] = useState<'idle' | 'asked' | 'busy'>('idle');
  const alive = useRef(true);
  useEffect(() => () => void (alive.current = false), []);
  const click = async (): Promise<void> => {
    if (step === 'idle') return setStep('asked');
    setStep('busy');
    try {
      await onConfirm();
    } finally {
      if (alive.current) setStep('idle');
    }
  };
  return (
    <button type="button" class={step === 'idle' ? 'small' : 'small danger'} disabled={step === 'busy'} onClick={() => void click()} onBlur={() => step === 'asked' && setStep('idle')}>
      {step === 'idle' ? label : question}
      {what && <span class="hidden"> {what}</span>}
    </button>
  );
}

export function Search({ label, value, onInput }: { label: string; value: string; onInput: (value: string) => void }): JSX.Element {
  return (
    <label class="search">
      <Icon name="search" />
      <span class="hidden">{label}</span>
      <input type="search" placeholder={label} value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </label>
  );
}

// Link to the licence notices, whose file the page's head names.
export const Licences = (): JSX.Element => (
  <a href={document.querySelector<HTMLLinkElement>('link[rel="license"]')?.href} target="_blank" rel="noopener">
    Licenses
  </a>
);
