// The two islands, each one file beside one that both share; names without a digest of their content, so that the server
// embeds them by name. Nothing is fetched from elsewhere when they run.
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../assets/islands",
    emptyOutDir: true,
    target: "es2020",
    modulePreload: false,
    minify: "esbuild",
    rollupOptions: {
      input: { graph: "src/graph.ts", timeline: "src/timeline.ts" },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", manualChunks: (id) => (id.endsWith("/src/island.ts") ? "island" : undefined) },
    },
  },
});
