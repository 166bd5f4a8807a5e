import type { ApiClient } from './api-client.ts';
import { byId, element } from './dom.ts';

/** Lets one choose how uploads are encoded; says nothing while there is no choice. */
export interface ProfilePicker {
  /** Asks which profiles there are. Without an answer the account's default stays. */
  refresh(): Promise<void>;
  /** Undefined for the account's default. */
  chosen(): string | undefined;
}

export function createProfilePicker(api: Pick<ApiClient, 'listProfiles'>): ProfilePicker {
  const field = byId('profile-field', HTMLElement);
  const select = byId('profile', HTMLSelectElement);
  return {
    refresh: async () => {
      const profiles = await api.listProfiles().catch(() => []);
      const before = select.value;
      select.replaceChildren(
        ...profiles.map(({ name, default: isDefault }) =>
          element(
            'option',
            { value: isDefault ? '' : name },
            isDefault ? `${name} (default)` : name,
          ),
        ),
      );
      select.value = profiles.some(({ name }) => name === before) ? before : '';
      field.hidden = profiles.length < 2;
    },
    chosen: () => (select.value === '' ? undefined : select.value),
  };
}
