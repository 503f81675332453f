// The claims of a token.

import {
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import type { Claim } from './claims.ts';

const useStyles = makeStyles({
  column: { width: '180px' },
  name: { fontFamily: tokens.fontFamilyMonospace },
  value: { overflowWrap: 'anywhere', paddingTop: tokens.spacingVerticalXS, paddingBottom: tokens.spacingVerticalXS },
  meaning: { color: tokens.colorNeutralForeground2 },
});

export function ClaimsTable({ claims }: { claims: readonly Claim[] }) {
  const styles = useStyles();
  return (
    <Table size="extra-small" aria-label="Claims of the token">
      <TableHeader>
        <TableRow>
          <TableHeaderCell className={styles.column}>Claim</TableHeaderCell>
          <TableHeaderCell>Value</TableHeaderCell>
        </TableRow>
      </TableHeader>
      <TableBody>
        {claims.map(({ name, value, meaning }) => (
          <TableRow key={name}>
            <TableCell className={styles.name}>{name}</TableCell>
            <TableCell className={styles.value}>
              {value}
              {meaning && <span className={styles.meaning}> ({meaning})</span>}
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
