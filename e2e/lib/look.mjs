// What can be measured of how a page looks and of how it is used without a mouse: nothing sticks out
// or overlaps, everything pressable is large enough, text stands out from its ground, and everything
// that takes the focus has a name.
import assert from 'node:assert/strict';

/** The least height and width of what is pressed with a finger (WCAG 2.2, 2.5.8), in pixels. */
const SMALLEST = 24;

/** The least contrast of text, and of large text (WCAG 2.2, 1.4.3). */
const CONTRAST = 4.5;
const LARGE_CONTRAST = 3;

/** Runs in the page; returns what is wrong, in words. */
function faultsOf({ smallest, contrast, largeContrast }) {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth) {
    faults.push(`the page is ${root.scrollWidth} px wide in a window of ${window.innerWidth} px`);
  }
  const scope = document.querySelector('dialog[open]') ?? document.body;
  const visible = [...scope.querySelectorAll('*')].filter((element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && element.checkVisibility({ visibilityProperty: true });
  });
  const name = (element) =>
    `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> “${(element.textContent || element.getAttribute('aria-label') || '').trim().slice(0, 30)}”`;

  const pressable = visible.filter((element) => element.matches('button, input, select, a'));
  for (const element of pressable) {
    const { left, right, width, height } = element.getBoundingClientRect();
    if (left < -0.5 || right > window.innerWidth + 0.5) faults.push(`${name(element)} sticks out`);
    if (element.matches('[type=checkbox]')) continue; // its label is pressed
    if (width < smallest || height < smallest) {
      faults.push(`${name(element)} is only ${Math.round(width)} × ${Math.round(height)} px`);
    }
  }
  pressable.forEach((one, index) => {
    const a = one.getBoundingClientRect();
    for (const other of pressable.slice(index + 1)) {
      if (one.contains(other) || other.contains(one)) continue;
      if (over(one) !== over(other)) continue;
      const b = other.getBoundingClientRect();
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > 1 && height > 1) faults.push(`${name(one)} and ${name(other)} overlap`);
    }
  });

  const parts = (colour) => {
    const found = /^rgba?\(([^)]+)\)$/.exec(colour)?.[1].split(/[ ,/]+/).map(Number);
    return found ? { rgb: found.slice(0, 3), alpha: found[3] ?? 1 } : null;
  };
  const luminance = (rgb) => {
    const [red, green, blue] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  /** What lies over the page, such as the keypad of a call, may cover what is below. */
  function over(element) {
    return element.closest('.tone-pad, .notice');
  }
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (at.matches('video')) return null;
      const ground = parts(getComputedStyle(at).backgroundColor);
      if (ground && ground.alpha === 1) return ground.rgb;
      if (ground && ground.alpha > 0) return null; // over a picture: not known
    }
    return [255, 255, 255];
  };
  for (const element of visible) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!text || element.closest(':disabled, [aria-hidden=true], option')) continue;
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow === 'visible' && getComputedStyle(element).display !== 'inline') {
      faults.push(`the text of ${name(element)} is wider than its place`);
    }
    const style = getComputedStyle(element);
    const colour = parts(style.color);
    const ground = groundOf(element);
    if (!colour || !ground) continue;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const has = ratio(colour.rgb, ground);
    if (has < (large ? largeContrast : contrast)) {
      faults.push(`${name(element)} has a contrast of ${has.toFixed(2)}`);
    }
  }
  return faults;
}

/** Asserts that the page fits its window and can be read and pressed. */
export async function assertLooksRight(page, what) {
  const limits = { smallest: SMALLEST, contrast: CONTRAST, largeContrast: LARGE_CONTRAST };
  const faults = await page.evaluate(faultsOf, limits);
  assert.deepEqual(faults, [], what);
}

/** Asserts that buttons are in the window without scrolling. */
export async function assertAtHand(page, selectors, what) {
  const away = await page.evaluate((list) => {
    window.scrollTo(0, 0);
    return list.filter((selector) => {
      const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
      return top < 0 || bottom > window.innerHeight;
    });
  }, selectors);
  assert.deepEqual(away, [], `${what}: out of the window`);
}

/** Whether the ground of the page is dark. */
export const isDark = (page) =>
  page.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return red + green + blue < 3 * 64;
  });

/** Roles that take the focus or stand for a part of the page, and so need a name. */
const NAMED = ['button', 'link', 'textbox', 'combobox', 'checkbox', 'menuitem', 'dialog', 'alertdialog', 'image', 'toolbar', 'group', 'region', 'complementary'];

/** Asserts that everything a screen reader stops at has a name; returns the names by role. */
export async function assertNamed(page, what) {
  const session = await page.inspect();
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  const stops = nodes.filter(({ ignored, role }) => !ignored && NAMED.includes(role?.value));
  const nameless = stops.filter(({ name }) => !name?.value?.trim()).map(({ role }) => role.value);
  assert.deepEqual(nameless, [], `${what}: without a name`);
  assert.ok(stops.length > 0, `${what}: nothing to stop at`);
  return stops.map(({ role, name }) => `${role.value} ${name.value}`);
}

/** What has the focus, and whether one sees it. */
export const focus = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = element ? getComputedStyle(element) : null;
    const ringed = element?.closest('.dial-line') ? true : style?.outlineStyle !== 'none';
    return {
      name: element?.getAttribute('aria-label') || element?.closest('label')?.textContent || element?.textContent?.trim() || '',
      tag: element?.tagName.toLowerCase() ?? '',
      seen: Boolean(element?.matches(':focus-visible')) && ringed,
    };
  });

/** Presses Tab until what has the focus is called `name`; each stop on the way must be seen. */
export async function tabTo(page, name, { backwards = false } = {}) {
  const passed = [];
  for (let step = 0; step < 40; step += 1) {
    await page.raw.keyboard.press(backwards ? 'Shift+Tab' : 'Tab');
    const now = await focus(page);
    passed.push(now.name);
    if (now.tag !== 'body') assert.ok(now.seen, `one does not see that “${now.name}” has the focus`);
    if (now.name === name) return;
  }
  assert.fail(`Tab does not lead to “${name}”, but to ${passed.join(', ')}`);
}
