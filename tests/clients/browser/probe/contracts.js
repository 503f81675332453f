// What of the contracts the probe calls, and the details that a refusal can have.

import { createRegistry } from "@bufbuild/protobuf";

import {
  BadRequestSchema,
  ErrorInfoSchema,
  HelpSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "../../../../web/challenge/gen/google/rpc/error_details_pb.ts";
import { AuthChallengeSchema } from "../../../../web/challenge/gen/selvedge/refusal/v1/auth_challenge_pb.ts";
import { DataService } from "../../../../web/gen/selvedge/data/v1/data_service_pb.ts";
import { LakehouseService } from "../../../../web/gen/selvedge/data/v1/lakehouse_service_pb.ts";
import { ProfileService } from "../../../../web/gen/selvedge/data/v1/profile_service_pb.ts";
import { WorkspaceService } from "../../../../web/gen/selvedge/data/v1/workspace_service_pb.ts";

/** Methods by the names that tests give them. */
export const methods = {
  listWorkspaces: WorkspaceService.method.listWorkspaces,
  readFile: LakehouseService.method.readFile,
  getProfile: ProfileService.method.getProfile,
  readData: DataService.method.readData,
  writeData: DataService.method.writeData,
};

export const details = [
  AuthChallengeSchema,
  BadRequestSchema,
  ErrorInfoSchema,
  HelpSchema,
  RequestInfoSchema,
  RetryInfoSchema,
];

export const registry = createRegistry(...details);
