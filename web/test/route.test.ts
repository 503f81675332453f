// Which page a path means, and the address that a frame has after a navigation.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pathForAction } from '../src/app/host/actions.ts';
import { frameUrl } from '../src/app/routing/frameUrl.ts';
import { pathOf, routeOf, type Route } from '../src/app/routing/route.ts';

const WORKSPACE = '1f0a6c3e-7b52-4d98-a4c1-6e92d5038b01';
const OTHER = '6b38f5d0-c417-4a92-8e6b-f1d09a2c7e06';

const ROUTES: [string, Route][] = [
  ['/', { page: 'home' }],
  ['/records', { page: 'records' }],
  [`/records/${WORKSPACE}/${OTHER}`, { page: 'records', item: { workspaceId: WORKSPACE, itemId: OTHER } }],
  ['/tasks', { page: 'tasks' }],
  ['/workspaces', { page: 'workspaces', workspaceId: undefined }],
  [`/workspaces/${WORKSPACE}`, { page: 'workspaces', workspaceId: WORKSPACE }],
  ['/files', { page: 'files', workspaceId: undefined, lakehouseId: undefined, folder: '' }],
  [
    `/files/${WORKSPACE}/${OTHER}?folder=2026%2FQ1+%26+more`,
    { page: 'files', workspaceId: WORKSPACE, lakehouseId: OTHER, folder: '2026/Q1 & more' },
  ],
  [
    `/files/${WORKSPACE}/${OTHER}?tables`,
    { page: 'files', workspaceId: WORKSPACE, lakehouseId: OTHER, folder: '', tables: true },
  ],
  ['/authentication', { page: 'authentication' }],
];

test('every page has a path, and the path leads back to it', () => {
  for (const [path, route] of ROUTES) {
    assert.deepEqual(routeOf(path), route);
    assert.equal(pathOf(route), path);
  }
});

test('a path that is no page is unknown, and keeps its text', () => {
  for (const path of ['/nope', '/records/a/b', `/records/${WORKSPACE}`, '/tasks/1', `/tasks/${OTHER}`, '/files/..']) {
    assert.deepEqual(routeOf(path), { page: 'unknown', path });
  }
});

test('the parameters of the host and a fragment are no part of the route', () => {
  assert.deepEqual(routeOf('/tasks?__iframeId=1#x'), { page: 'tasks' });
  assert.deepEqual(routeOf('/?__iframeType=page'), { page: 'home' });
});

test('the parameters of the host stay in the address, and only the host sets them', () => {
  const search = '?__iframeId=f1&folder=old&__extensionHostOrigin=https%3A%2F%2Flocalhost%3A5443';
  assert.equal(
    frameUrl('/files?folder=new&__iframeId=forged', search),
    '/files?folder=new&__iframeId=f1&__extensionHostOrigin=https%3A%2F%2Flocalhost%3A5443',
  );
  assert.equal(frameUrl('/tasks', '?__iframeId=f1'), '/tasks?__iframeId=f1');
});

test('a target of another origin stays a path of this one', () => {
  assert.equal(frameUrl('https://elsewhere.example/tasks', ''), '/tasks');
  assert.equal(frameUrl('//elsewhere.example/tasks', ''), '/tasks');
  assert.equal(frameUrl('https://elsewhere.example//tasks', ''), '/tasks');
});

test('an action opens its page, and an action on an item the records of that item', () => {
  assert.equal(pathForAction('open.tasks', undefined), '/tasks');
  const item = { objectId: OTHER, folderObjectId: WORKSPACE };
  assert.equal(pathForAction('open.item', { item }), `/records/${WORKSPACE}/${OTHER}`);
  for (const [action, data] of [
    ['open.elsewhere', undefined],
    ['toString', undefined],
    ['open.item', null],
    ['open.item', { item: { objectId: '../x', folderObjectId: WORKSPACE } }],
  ] as const) {
    assert.equal(pathForAction(action, data), undefined);
  }
});
