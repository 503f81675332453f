// The exchange of tokens at the service, over gRPC-web.

import { timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { answering, healing } from 'selvedge-challenge';

import { TokenExchangeService } from '../../gen/selvedge/exchange/v1/token_exchange_service_pb';
import type { Exchange } from './broker.ts';

// How long an attempt may take; the user's part is not in it.
const TIMEOUT_MS = 30_000;

export function exchangeAt(baseUrl: string): Exchange {
  return (source, mayPrompt) => {
    const transport = createGrpcWebTransport({
      baseUrl,
      interceptors: [healing(source, { mayPrompt, timeoutMs: TIMEOUT_MS })],
    });
    const client = createClient(TokenExchangeService, transport);
    return async (scopes, answer) => {
      const { accessToken, grantedScopes, expireTime } = await client.exchangeToken(
        { scopes: [...scopes] },
        answer ? { contextValues: answering(answer) } : {},
      );
      return {
        token: accessToken,
        grantedScopes,
        expiresAt: expireTime && timestampDate(expireTime),
      };
    };
  };
}
