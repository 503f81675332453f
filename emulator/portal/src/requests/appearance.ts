// Theme and settings.

import type { Answers, Portal } from '../portal.ts';

export function appearance({ config, theme }: Portal): Answers {
  return [
    ['GetTheme', () => theme.configuration],
    [
      'GetSettings',
      (_, from) => ({
        instanceId: from.id,
        featureSwitches: {},
        debugSwitches: {},
        sharedBackendUri: `${config.authority}/fabric/v1`,
        apiUri: `${config.authority}/fabric/v1`,
        resourceUrl: config.authority,
        currentLanguageLocale: navigator.language,
        currentFormatLocale: navigator.language,
        workloadHostOrigin: location.origin,
        workloadHostApp: 0,
        sessionId: SESSION,
        productName: 'Fabric',
        isInformationProtectionSupportedForFabric: false,
      }),
    ],
    ['resizeIframeHeight', () => ({})],
  ];
}

const SESSION = crypto.randomUUID();
