// Purpose: what a chart knows of the place it stands in: a view of its own, or a cell of a dashboard's grid.
// Invariant: where nothing is said, a chart stands on its own, has the height it wants and can be zoomed and followed.
import { createContext } from 'react';

export interface ChartPlace {
  /** the place has a height, and the plot takes what the rest of the chart leaves of it */
  readonly fills: boolean;
  /** whether one may zoom, and go from a figure to its events */
  readonly interactive: boolean;
}

export const ChartPlaceContext = createContext<ChartPlace>({ fills: false, interactive: true });
