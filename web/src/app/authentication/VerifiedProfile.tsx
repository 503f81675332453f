// What the service has verified of the user: the token's claims as the service reads them.

import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useState } from 'react';
import type { Profile } from '../../../gen/selvedge/data/v1/profile_service_pb';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { Facts } from '../../Facts.tsx';
import { useCommand } from '../loading/useCommand.ts';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import { useServices } from '../service/services.ts';
import { timeText } from '../shell/texts.ts';

const useStyles = makeStyles({
  content: { display: 'flex', flexDirection: 'column', alignItems: 'start', rowGap: tokens.spacingVerticalM },
});

export function VerifiedProfile() {
  const styles = useStyles();
  const { profile: service } = useServices();
  const announce = useAnnounce();
  const command = useCommand();
  const [profile, setProfile] = useState<Profile>();
  const ask = () =>
    command.run(async (attempt) => {
      const answer = await service.getProfile({}, attempt);
      setProfile(answer.profile);
      announce('The service has answered.');
    });
  return (
    <div className={styles.content}>
      <Button disabledFocusable={command.busy} onClick={ask}>
        {command.busy ? 'Asking' : 'Ask the service'}
      </Button>
      {command.refusal && <ServiceRefusal refusal={command.refusal} again={command.again} busy={command.busy} />}
      {profile && <ProfileFacts profile={profile} />}
    </div>
  );
}

function ProfileFacts({ profile }: { profile: Profile }) {
  const facts: [string, string][] = [
    ['Name', profile.displayName],
    ['Sign-in name', profile.preferredUsername],
    ['Object ID', profile.objectId],
    ['Tenant ID', profile.tenantId],
    ['Application', profile.clientId],
    ['Scopes', profile.scopes.join(' ')],
    ['Token version', profile.tokenVersion],
    ['Expires', timeText(profile.expireTime)],
  ];
  return <Facts label="What the service has verified" facts={facts} />;
}
