import { splitDataset } from './data.js';

export default splitDataset('validation');
