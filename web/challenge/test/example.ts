import { createClient } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { createWorkloadClient } from '@ms-fabric/workload-client';
import { answering, explain, healing, refusalOf } from 'selvedge-challenge';

// Your own contract's, as protoc-gen-es writes it.
import { EchoService } from './foreign-service.ts';

const { auth } = createWorkloadClient();

const client = createClient(
  EchoService,
  createGrpcWebTransport({
    baseUrl: 'https://service.example',
    interceptors: [healing(auth, { timeoutMs: 10_000 })],
  }),
);

export async function say(text: string, show: (title: string, button?: HTMLButtonElement) => void) {
  try {
    const { value } = await client.say({ value: text });
    show(value);
  } catch (error) {
    const { title, action } = explain(refusalOf(error));
    if (action?.kind !== 'answer') return show(title);
    const button = document.createElement('button');
    button.textContent = action.label;
    // The click opens the dialog; what follows is the retry.
    button.onclick = () => client.say({ value: text }, { contextValues: answering(action.challenge) });
    show(title, button);
  }
}
