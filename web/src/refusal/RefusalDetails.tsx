// What a developer or support wants to know of a refusal, folded away.

import { makeStyles, tokens } from '@fluentui/react-components';
import type { Refusal } from 'selvedge-challenge';

const useStyles = makeStyles({
  summary: {
    width: 'fit-content',
    cursor: 'pointer',
    ':focus-visible': { outline: `${tokens.strokeWidthThick} solid ${tokens.colorStrokeFocus2}` },
  },
  facts: {
    display: 'grid',
    gridTemplateColumns: 'max-content 1fr',
    columnGap: tokens.spacingHorizontalL,
    rowGap: tokens.spacingVerticalXXS,
    margin: `${tokens.spacingVerticalS} 0 0`,
    fontSize: tokens.fontSizeBase200,
  },
  value: { margin: 0, fontFamily: tokens.fontFamilyMonospace, wordBreak: 'break-word' },
});

export function RefusalDetails({ refusal }: { refusal: Refusal }) {
  const styles = useStyles();
  return (
    <details>
      <summary className={styles.summary}>Details</summary>
      <dl className={styles.facts}>
        {facts(refusal).map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
    </details>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  const styles = useStyles();
  return (
    <>
      <dt>{name}</dt>
      <dd className={styles.value}>{value}</dd>
    </>
  );
}

function facts({ reason, code, message, metadata, challenge, healing }: Refusal): [string, string][] {
  const { method, traceId: _shown, ...others } = metadata;
  const known: [string, string | undefined][] = [
    ['Reason', reason],
    ['Code', code],
    ['Method', method],
    ['Message', message],
    ['Scopes to consent to', challenge?.additionalScopesToConsent?.join(' ')],
    ['Claims demanded', challenge?.claimsForConditionalAccessPolicy],
    ['Dialog', healing && [healing.outcome, healing.message].filter(Boolean).join(': ')],
    ...Object.entries(others),
  ];
  return known.filter((fact): fact is [string, string] => Boolean(fact[1]));
}
