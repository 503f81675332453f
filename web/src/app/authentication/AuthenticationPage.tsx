// The user's token and what each dialog does, tried by hand. No token is acquired before a click, and
// none is ever shown: only what it says.

import { Subtitle1, makeStyles, tokens } from '@fluentui/react-components';
import { PageFrame } from '../shell/PageFrame.tsx';
import { ClaimsForm } from './ClaimsForm.tsx';
import { ConsentForm } from './ConsentForm.tsx';
import { TokenForms } from './TokenForms.tsx';
import { TokenResult } from './TokenResult.tsx';
import { useToken } from './useToken.ts';
import { VerifiedProfile } from './VerifiedProfile.tsx';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
  heading: { margin: 0 },
});

export function AuthenticationPage() {
  const styles = useStyles();
  const token = useToken();
  return (
    <PageFrame
      title="Authentication"
      purpose="Your token as the host gives it, and each dialog that a refusal of the service can ask for."
    >
      <section className={styles.section} aria-labelledby="ask-heading">
        <Subtitle1 as="h2" id="ask-heading" className={styles.heading}>
          Ask the host for a token
        </Subtitle1>
        <TokenForms control={token} />
        <ConsentForm control={token} />
        <ClaimsForm control={token} />
        <TokenResult control={token} />
      </section>
      <section className={styles.section} aria-labelledby="profile-heading">
        <Subtitle1 as="h2" id="profile-heading" className={styles.heading}>
          Ask the service who you are
        </Subtitle1>
        <VerifiedProfile />
      </section>
    </PageFrame>
  );
}
