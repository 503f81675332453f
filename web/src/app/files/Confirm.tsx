// Asks before something is lost.

import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from '@fluentui/react-components';
import { useReturnedFocus } from '../shell/useReturnedFocus.ts';

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  onAnswered: (agreed: boolean) => void;
}

export function Confirm({ title, text, action, onAnswered }: ConfirmProps) {
  useReturnedFocus();
  return (
    <Dialog open modalType="alert" onOpenChange={(_, { open }) => open || onAnswered(false)}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>{text}</DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={() => onAnswered(true)}>
              {action}
            </Button>
            <Button onClick={() => onAnswered(false)}>Cancel</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
