import { createApp } from "vue";
import Assistant from "./Assistant.vue";
import "./page.css";

createApp(Assistant).mount("#root");
