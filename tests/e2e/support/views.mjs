// The views of the page as its own list has them, so that a new one is looked at without being told of here; and what a view
// must have in every language, shade and size.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './node.mjs';

const source = join(root, 'http/web/src');
const list = readFileSync(join(source, 'pages/views.tsx'), 'utf8');
const catalogue = (tag) => JSON.parse(readFileSync(join(source, 'i18n/catalogues', `${tag}.json`), 'utf8'));
const catalogues = new Map();

export const messages = (tag) => {
  if (!catalogues.has(tag)) catalogues.set(tag, catalogue(tag));
  return catalogues.get(tag);
};

/** [{path, title}] of every view. */
export const views = [...list.matchAll(/path: '([^']+)',\s*title: '([^']+)'/g)].map(([, path, title]) => ({ path, title }));
assert.equal(views.length, list.match(/\bpath: '/g).length, 'every view is understood');

const words_of = (message) => (typeof message === 'string' ? [message] : Object.values(message));

/** English that no other language has as it is. */
function english_of(tag) {
  const theirs = new Set(Object.values(messages(tag)).flatMap(words_of));
  const english = Object.values(messages('en')).flatMap(words_of);
  return english.filter((text) => !theirs.has(text) && !text.includes('{') && /[a-z]{3}/i.test(text));
}

/** Looked at within the page: texts and names that no reader should meet, and what does not fit. */
function found_on_page({ keys, english, measured }) {
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.closest('.hidden, .skip') === null;
  const texts_of = (root) => {
    const nodes = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.data.trim() !== '') nodes.push(walker.currentNode);
    return nodes;
  };
  // Names from outside: they are the same in every language, and some are called as a message is.
  const name = ({ parentElement: parent, data }) =>
    parent.closest('bdi, [lang="en"]:not(html), .event_type, svg[aria-hidden="true"]') !== null || (parent.matches('option') && parent.value === data.trim());
  const said = texts_of(document.body).filter((node) => !name(node)).map((node) => node.data.trim());
  for (const name of ['aria-label', 'title', 'placeholder', 'aria-valuetext', 'alt']) {
    for (const element of document.querySelectorAll(`[${name}]`)) said.push(element.getAttribute(name).trim());
  }
  const key_set = new Set(keys);
  const words = new Set(english);
  const wrong = (text) => key_set.has(text) || /\b(undefined|NaN|null)\b|\[object |\{\w+\}/.test(text);
  const cut_off = [...document.querySelectorAll(measured)].filter(shown).flatMap((element) => {
    const place = element.getBoundingClientRect();
    return texts_of(element).flatMap((node) => {
      // A summary is cut by intent, and whole in the details that its row opens; a name is whole in its title.
      if (!shown(node.parentElement) || node.parentElement.closest('.event_summary, .event_agent, .event_type, [title]') !== null) return [];
      const range = document.createRange();
      range.selectNodeContents(node);
      const { left, right } = range.getBoundingClientRect();
      return left < place.left - 1 || right > place.right + 1 ? [`${element.tagName} ${element.className} "${node.data.slice(0, 60)}"`] : [];
    });
  });
  const { scrollWidth, clientWidth, lang, dir } = document.documentElement;
  return {
    not_words: said.filter(wrong),
    english: said.filter((text) => words.has(text)),
    cut_off,
    wider_than_the_screen: Math.max(0, scrollWidth - clientWidth),
    root: [lang, dir],
    headings: [...document.querySelectorAll('h1')].map((heading) => heading.textContent),
    title: document.title,
    no_landmark: ['header', 'nav', 'main'].filter((name) => document.querySelector(name) === null),
  };
}

const right_to_left = new Set(['ar', 'he', 'fa', 'ur']);
const measured = 'h1, h2, h3, button, .button, [role="button"], .rail a, .segments label, th, dt, label, select';

/** Words in the language, one heading, landmarks, and all of it within the screen. `title`: the key of the view's name. */
export async function reads_well(page, name, language, title) {
  const keys = Object.keys(messages('en'));
  const english = language === 'en' ? [] : english_of(language);
  const found = await page.evaluate(found_on_page, { keys, english, measured });
  const heading = messages(language)[title];
  assert.deepEqual(found, {
    not_words: [],
    english: [],
    cut_off: [],
    wider_than_the_screen: 0,
    root: [language, right_to_left.has(language) ? 'rtl' : 'ltr'],
    headings: [heading],
    title: `${heading} · Troupe`,
    no_landmark: [],
  }, name);
}
