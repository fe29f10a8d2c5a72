import { splitDataset } from '../train/mnist.js';

export default splitDataset('test');
