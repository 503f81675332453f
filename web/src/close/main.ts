window.close();
export {};
