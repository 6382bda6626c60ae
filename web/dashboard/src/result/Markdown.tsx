import { type MarkedToken, marked, type Token, type Tokens } from 'marked';
import { createElement, type ReactNode, useMemo } from 'react';
import { linkIn } from './value.ts';

const FIRST_LEVEL = 3; // below the panel's own heading
const LOWEST_LEVEL = 6;
const TAGS = new Map([
  ['paragraph', 'p'],
  ['blockquote', 'blockquote'],
  ['strong', 'strong'],
  ['em', 'em'],
  ['del', 'del'],
]);

/** A text in Markdown. HTML is shown as text and images as links, so that a result runs and fetches nothing. */
export default function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => marked.lexer(text), [text]);
  return (
    <div className="markdown" dir="auto">
      <Parts tokens={levelled(tokens)} />
    </div>
  );
}

/** The tokens, with the headings' depths as levels of this page. */
function levelled(tokens: readonly Token[]): readonly Token[] {
  const highest = Math.min(...tokens.map((token) => (token.type === 'heading' ? (token as Tokens.Heading).depth : LOWEST_LEVEL)));
  return tokens.map((token) =>
    token.type === 'heading'
      ? { ...token, depth: Math.min(LOWEST_LEVEL, (token as Tokens.Heading).depth - highest + FIRST_LEVEL) }
      : token
  );
}

function Parts({ tokens }: { tokens: readonly Token[] }): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
  return tokens.map((token, index) => <Part key={index} token={token as MarkedToken} />);
}

function Part({ token }: { token: MarkedToken }): ReactNode {
  switch (token.type) {
    case 'heading':
      return createElement(`h${Math.min(LOWEST_LEVEL, token.depth)}`, null, <Parts tokens={token.tokens} />);
    case 'list':
      return <List list={token} />;
    case 'table':
      return <Table table={token} />;
    case 'code':
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      );
    case 'codespan':
      return <code>{token.text}</code>;
    case 'link':
      return (
        <Link href={token.href}>
          <Parts tokens={token.tokens} />
        </Link>
      );
    case 'image':
      return <Link href={token.href}>{token.text || token.href}</Link>;
    case 'text':
      return token.tokens ? <Parts tokens={token.tokens} /> : token.text;
    case 'checkbox':
      return token.checked ? '☑ ' : '☐ ';
    case 'hr':
    case 'br':
      return createElement(token.type);
    case 'html':
    case 'escape':
      return token.text;
    default:
      return 'tokens' in token && token.tokens
        ? createElement(TAGS.get(token.type) ?? 'span', null, <Parts tokens={token.tokens} />)
        : null;
  }
}

function Link({ href, children }: { href: string; children: ReactNode }) {
  const link = linkIn(href);
  return link === null ? (
    children
  ) : (
    <a href={link} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

function List({ list: { ordered, start, items } }: { list: Tokens.List }) {
  const rows = items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
    <li key={index}>
      <Parts tokens={item.tokens} />
    </li>
  ));
  return ordered ? <ol start={start === '' ? undefined : start}>{rows}</ol> : <ul>{rows}</ul>;
}

function Table({ table: { header, rows } }: { table: Tokens.Table }) {
  const cells = (row: readonly Tokens.TableCell[], Cell: 'th' | 'td') =>
    row.map((cell, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
      <Cell key={index}>
        <Parts tokens={cell.tokens} />
      </Cell>
    ));
  return (
    <table className="result-table">
      <thead>
        <tr>{cells(header, 'th')}</tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
          <tr key={index}>{cells(row, 'td')}</tr>
        ))}
      </tbody>
    </table>
  );
}
