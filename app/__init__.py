"""The app for linguists: `streamlit run app/main.py`."""
