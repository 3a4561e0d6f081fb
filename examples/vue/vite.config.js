import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// Where the registry is; the page's script tag reads it.
process.env.VITE_REGISTRY ??= "http://127.0.0.1:8000";

// Without this Vue would look for a component of its own under that name.
const isCustomElement = (tag) => tag === "model-picker";

export default defineConfig({ plugins: [vue({ template: { compilerOptions: { isCustomElement } } })] });
