import{a}from"./chunk-X6YHEMIY.js";import"./chunk-YVSA2ZOB.js";export{a as BrowserPerformanceMeasurement};
