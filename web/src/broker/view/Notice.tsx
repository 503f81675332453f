// What the page shows where it has nothing else to show.

import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components';

export function Notice({ title, text }: { title: string; text: string }) {
  return (
    <MessageBar intent="error" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>{title}</MessageBarTitle>
        {text}
      </MessageBarBody>
    </MessageBar>
  );
}
