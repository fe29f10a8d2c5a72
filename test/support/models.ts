import { dtypeModels } from './models/dtypes.js';
import { externalModels } from './models/external.js';
import { fieldModels } from './models/fields.js';
import type { GeneratedModel } from './models/model.js';
import { placeModels } from './models/places.js';
import { roleModels } from './models/roles.js';
import { skeletonModels } from './models/skeletons.js';
import { valueModels } from './models/values.js';

export type { GeneratedModel } from './models/model.js';
export type { ExpectedTensor } from './tensors.js';

/** Small valid models, one for each place or form a tensor's payload can have, with what a reader should find. */
export function generatedModels(): GeneratedModel[] {
  return [
    ...dtypeModels(),
    ...fieldModels(),
    ...placeModels(),
    ...roleModels(),
    ...valueModels(),
    ...skeletonModels(),
    ...externalModels(),
  ];
}

/** One of them, by its name. */
export function generatedModel(name: string): GeneratedModel {
  const model = generatedModels().find((candidate) => candidate.name === name);
  if (!model) throw new Error(`no generated model is named ${name}`);
  return model;
}
