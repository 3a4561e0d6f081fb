import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Where the registry is; the page's script tag reads it.
process.env.VITE_REGISTRY ??= "http://127.0.0.1:8000";

export default defineConfig({ plugins: [react()] });
