// The form that asks for account, password and server.

import type { Phone } from '../phone.ts';
import type { PhoneState } from '../state.ts';
import type { View } from './dom.ts';
import { h, show } from './dom.ts';

export function signInView(phone: Phone): View {
  const { settings } = phone;
  const field = (
    label: string,
    props: Partial<HTMLInputElement>,
  ): { box: HTMLElement; input: HTMLInputElement } => {
    const input = h('input', { class: 'input', spellcheck: false, ...props });
    return { box: h('label', { class: 'field' }, h('span', {}, label), input), input };
  };
  const check = (label: string, checked: boolean): { box: HTMLElement; input: HTMLInputElement } => {
    const input = h('input', { type: 'checkbox', checked });
    return { box: h('label', { class: 'check' }, input, label), input };
  };

  const account = field('Account', {
    name: 'account',
    autocomplete: 'username',
    autocapitalize: 'none',
    value: settings.account,
    required: true,
  });
  const password = field('Password', {
    name: 'password',
    type: 'password',
    autocomplete: 'current-password',
    value: settings.password,
  });
  const server = field('Exchange', { name: 'server', value: settings.server, inputMode: 'url' });
  const rememberAccount = check('Remember the account', settings.rememberAccount);
  const rememberPassword = check('Remember the password on this device', settings.rememberPassword);
  rememberPassword.input.disabled = !settings.rememberAccount;
  rememberAccount.input.addEventListener('change', () => {
    rememberPassword.input.disabled = !rememberAccount.input.checked;
  });
  const submit = h('button', { class: 'primary wide', type: 'submit' }, 'Sign in');

  const form = h(
    'form',
    {
      class: 'card sign-in',
      aria: { label: 'Sign in' },
      on: {
        submit: (event: SubmitEvent) => {
          event.preventDefault();
          phone.configure({
            account: account.input.value.trim(),
            password: password.input.value,
            server: server.input.value,
            rememberAccount: rememberAccount.input.checked,
            rememberPassword: rememberPassword.input.checked,
          });
          phone.signIn();
        },
      },
    },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'quiet' }, 'Your telephone, in this browser.'),
    account.box,
    password.box,
    server.box,
    rememberAccount.box,
    rememberPassword.box,
    submit,
  );

  const update = ({ line }: PhoneState): void => {
    const visible = line.kind === 'signed-out';
    const appeared = visible && form.hidden;
    show(form, visible);
    if (!appeared) return;
    account.input.value = phone.settings.account;
    password.input.value = phone.settings.password;
    server.input.value = phone.settings.server;
    (account.input.value ? password.input : account.input).focus();
  };
  return { element: form, update };
}
