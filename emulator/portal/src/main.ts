// The portal: reads its configuration, puts the parts together, and shows the workload that the
// address names to whoever is signed in.

import { startApplication } from './authentication/application.ts';
import { Session } from './authentication/session.ts';
import { Tokens } from './authentication/tokens.ts';
import { loadConfig, type Config } from './config.ts';
import { Host } from './frames/host.ts';
import type { Portal } from './portal.ts';
import { actions } from './requests/actions.ts';
import { appearance } from './requests/appearance.ts';
import { authentication } from './requests/authentication.ts';
import { dataHub } from './requests/data-hub.ts';
import { errors } from './requests/errors.ts';
import { navigation } from './requests/navigation.ts';
import { notifications } from './requests/notifications.ts';
import { oneWay } from './requests/one-way.ts';
import { overlays } from './requests/overlays.ts';
import { AccountMenu } from './shell/account.ts';
import { warn } from './shell/banner.ts';
import { askForClick } from './shell/dialog.ts';
import { served } from './shell/element.ts';
import { Notifications } from './shell/notifications.ts';
import { Overlays } from './shell/overlays.ts';
import { hashOf, placeOf } from './shell/place.ts';
import { Rail } from './shell/rail.ts';
import { Theme } from './shell/theme.ts';

async function start(config: Config): Promise<void> {
  const host = new Host(served('frames'), {
    moved: (workload, path, replace) => {
      warn('');
      const hash = hashOf({ workload, path });
      if (replace || hash === location.hash) history.replaceState(null, '', hash);
      else history.pushState(null, '', hash);
    },
    started: () => {
      served('starting').textContent = '';
    },
    failed: (reason) => {
      served('starting').textContent = '';
      warn(reason);
    },
  });
  const theme = new Theme((changed) => host.broadcast('OnThemeChange', changed));
  const application = await startApplication(config);
  const session = new Session(application, config, () => show());
  const portal: Portal = {
    config,
    host,
    notifications: new Notifications(),
    overlays: new Overlays(host),
    theme,
    tokens: new Tokens(session, (workload) => askForClick(workload.displayName)),
    warn,
  };
  const answers = [
    actions,
    appearance,
    authentication,
    dataHub,
    errors,
    navigation,
    notifications,
    overlays,
  ];
  host.handlers = new Map(answers.flatMap((handlersOf) => handlersOf(portal)));
  host.listeners = oneWay(portal);

  const menu = new AccountMenu(session, config, (text) => {
    served('sign-in-error').textContent = session.account ? '' : text;
    if (session.account) warn(text);
  });
  const rail = new Rail(config.workloads);

  /** Shows the place in the address, from the start: to another account it is another place. */
  function show(): void {
    menu.render();
    portal.overlays.closeAll();
    warn('');
    const place = session.account ? placeOf(location.hash, config.workloads) : undefined;
    served('signed-out').hidden = Boolean(place);
    served('workload').hidden = !place;
    rail.show(place?.workload);
    if (!place) {
      host.close();
      return;
    }
    served('workload-title').textContent = place.workload.displayName;
    served('starting').textContent = `Starting ${place.workload.displayName}…`;
    host.open(place.workload, place.path);
  }

  // The browser's buttons, and the rail: within a workload its page goes on.
  addEventListener('hashchange', () => {
    const place = placeOf(location.hash, config.workloads);
    const { page } = host;
    if (!place || !page) return;
    if (place.workload !== page.workload) show();
    else if (place.path !== page.path) void host.navigate(place.path, true);
  });
  served('skip').addEventListener('click', (event) => {
    event.preventDefault();
    (host.page?.element ?? served('content')).focus();
  });
  show();
}

loadConfig()
  .then(start)
  .catch((thrown: unknown) => warn(`The portal did not start: ${String(thrown)}`));
