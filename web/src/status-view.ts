import { announce } from './announcer.ts';
import type { ApiClient } from './api-client.ts';
import { byId } from './dom.ts';
import type { StatusPage } from './status-page.ts';

const ADDRESS = '#status';

/** Shows the status page in place of the library while the address says so. Its code and the charts are fetched when it is first wanted. */
export function createStatusView(api: ApiClient): { signedIn(isSignedIn: boolean): void } {
  const view = byId('status-view', HTMLElement);
  const home = byId('home', HTMLElement);
  const link = byId('status-link', HTMLAnchorElement);
  let page: StatusPage | undefined;
  let canShow = false;

  async function load(): Promise<StatusPage> {
    const { createStatusPage } = await import('./status-page.ts');
    page ??= createStatusPage(api);
    view.replaceChildren(page.root);
    return page;
  }

  async function follow(): Promise<void> {
    const wanted = canShow && location.hash === ADDRESS;
    view.hidden = !wanted;
    home.hidden = wanted;
    link.href = wanted ? '#' : ADDRESS;
    link.toggleAttribute('aria-current', wanted);
    if (!wanted) {
      page?.hide();
      return;
    }
    try {
      const shown = page ?? (await load());
      // Whoever left while the code was on its way stays away.
      if (view.hidden) return;
      shown.show();
      shown.root.querySelector('h1')?.focus();
    } catch {
      announce('The status page could not be loaded. Try again.');
    }
  }

  addEventListener('hashchange', () => void follow());
  return {
    signedIn(isSignedIn) {
      canShow = isSignedIn;
      void follow();
    },
  };
}
