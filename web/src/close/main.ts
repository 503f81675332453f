// The page that ends a consent or sign-in dialog: it says to its opener how the dialog went, and
// closes at once. Microsoft Entra redirects here under the workload's own registration.

import { close } from './close.ts';

close(window);
