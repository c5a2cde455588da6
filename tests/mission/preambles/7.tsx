import { useEffect } from 'react';

export { TaskProgress };
