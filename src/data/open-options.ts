import type { Model } from '../model/model.js';
import type { ImageDecoder } from './images/decode.js';
import type { Preprocessing } from './images/preprocessing.js';
import type { Dims } from './random.js';

/** Options of `openDataset`. */
export interface OpenDatasetOptions {
  /** Factor on 8-bit pixels when the model takes floats. Default: 1 / 255; 1 for models that take 0 to 255. */
  readonly scale?: number | undefined;
  /** The model that the data is for, or what opens it: images and random inputs are made to its measure. */
  readonly model?: Model | (() => Model | Promise<Model>) | undefined;
  /**
   * What happens to images: a {@link Preprocessing}, or what Hugging Face's `preprocessor_config.json` holds. Default: that
   * of the file of this name in the folder of images or in {@link OpenDatasetOptions.beside}, or what the model's input suggests.
   */
  readonly preprocessing?: Preprocessing | Readonly<Record<string, unknown>> | undefined;
  /** Files about the classes of images: a table (`.csv`: file, label), names of classes (a text or JSON file), or both. */
  readonly labels?: readonly string[] | undefined;
  /** Folders in which `preprocessor_config.json` and `config.json` are looked for, too; such as the model's. */
  readonly beside?: readonly string[] | undefined;
  /** For random inputs: sizes of dynamic dimensions by name, `input[axis]` where they have none. */
  readonly dims?: Dims | undefined;
  /** For random inputs. Default 0. */
  readonly seed?: number | undefined;
  /** What makes pixels of image files. Default: the optional package sharp. */
  readonly decodeImage?: ImageDecoder | undefined;
  /** Called with a line about what was found and assumed. */
  readonly onNote?: ((text: string) => void) | undefined;
}
