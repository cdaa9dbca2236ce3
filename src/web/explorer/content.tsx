// Content blocks of results and messages, and contents of resources. All of it is shown as text.
import type { ContentBlock, ReadResourceResult } from '@modelcontextprotocol/client';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { bytes } from '../base/format';
import { address } from '../base/route';
import { Copy, Pre } from '../ui/parts';
import { JsonTree } from './json_tree';
import { byteLength, dataUrl, download, isPicture, isSafeLink, isSound } from './media';

function parsed(text: string): object | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.parse(text) as object;
  } catch {
    return null;
  }
}

export function Text({ text }: { text: string }): JSX.Element {
  const json = parsed(text);
  const [tree, setTree] = useState(json !== null);
  return (
    <div class="code">
      <div class="tools">
        {json && (
          <button type="button" class="quiet" onClick={() => setTree(!tree)}>
            {tree ? 'As text' : 'As a tree'}
          </button>
        )}
        <Copy text={text} />
      </div>
      {json && tree ? <JsonTree value={json} /> : <Pre text={text} label="Text" />}
    </div>
  );
}

export function Bytes({ type, base64, name }: { type: string | undefined; base64: string; name: string }): JSX.Element {
  if (isPicture(type)) return <img src={dataUrl(type, base64)} alt={name} />;
  if (isSound(type)) return <audio controls src={dataUrl(type, base64)} aria-label={name} />;
  return (
    <a href={download(base64)} download={name}>
      Download {name} ({type || 'unknown type'}, {bytes(byteLength(base64))})
    </a>
  );
}

export function Link({ uri, name }: { uri: string; name: string }): JSX.Element {
  return (
    <p class="link">
      <strong>{name}</strong> <code>{uri}</code> <a href={address('resources', uri)}>Read</a>
      {isSafeLink(uri) && (
        <a href={uri} target="_blank" rel="noopener noreferrer">
          Open
        </a>
      )}
    </p>
  );
}

type Contents = ReadResourceResult['contents'][number];

export const ResourceContents = ({ contents }: { contents: Contents }): JSX.Element => (
  <figure>
    <figcaption>
      <code>{contents.uri}</code> {contents.mimeType && <span class="note">{contents.mimeType}</span>}
    </figcaption>
    {'text' in contents ? <Text text={String(contents.text)} /> : <Bytes type={contents.mimeType} base64={String(contents.blob)} name={contents.uri} />}
  </figure>
);

export function Block({ block }: { block: ContentBlock }): JSX.Element {
  switch (block.type) {
    case 'text':
      return <Text text={block.text} />;
    case 'image':
      return <Bytes type={block.mimeType} base64={block.data} name="Picture" />;
    case 'audio':
      return <Bytes type={block.mimeType} base64={block.data} name="Sound" />;
    case 'resource':
      return <ResourceContents contents={block.resource} />;
    case 'resource_link':
      return <Link uri={block.uri} name={block.title || block.name} />;
    default:
      return <JsonTree value={block} />;
  }
}
