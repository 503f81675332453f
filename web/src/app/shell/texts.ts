// Times and sizes as people read them.

import { timestampDate, type Timestamp } from '@bufbuild/protobuf/wkt';

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function timeText(time: Timestamp | undefined): string {
  return time ? TIME.format(timestampDate(time)) : '';
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const size = bytes / 1024 ** power;
  const digits = power > 0 && size < 10 ? 1 : 0;
  return `${size.toFixed(digits)} ${power === 0 && bytes === 1 ? 'byte' : UNITS[power]}`;
}
