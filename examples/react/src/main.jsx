import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import "./page.css";

// React 19 sets `value` as a property and hears `change` as `onchange`; nothing has to be wrapped.
function Assistant() {
  const [model, setModel] = useState("openai/gpt-4o");
  return (
    <main>
      <h1>Assistant</h1>
      <form>
        <label>Model</label>
        <model-picker name="model" label="Model" value={model} onchange={(event) => setModel(event.target.value)} />
        <button type="button" onClick={() => setModel("openai/gpt-4o")}>Back to the default</button>
      </form>
      <output>{model ? `The next message goes to ${model}.` : "Pick a model."}</output>
    </main>
  );
}

createRoot(document.getElementById("root")).render(<StrictMode><Assistant /></StrictMode>);
