import { splitDataset } from '../train/mnist.js';

export default splitDataset('validation');
