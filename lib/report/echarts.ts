/**
 * The parts of ECharts that the charts use. `npm run build` puts them into this file of the package, so that whoever installs
 * Cellstamp does not install ECharts (62 MB, of which the charts use 0.6 MB).
 */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([LineChart, BarChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer]);

export { init, type EChartsCoreOption };
