document.getElementById("status").textContent = "facecraft studio";
